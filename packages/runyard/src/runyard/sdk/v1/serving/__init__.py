"""Deployment under its v1 names: web services, their configurations, and the images of 2019.

    configurations, inference, images    what users write down; checked here
    settings, sources, environments, …   its parts, as the protocol has them
    deploying, updating                  the orders that are sent
    webservices > local, aci, aks, …     what users hold in their hands

`AciWebservice`, `AksWebservice`, `AksEndpoint`, `LocalWebservice` are one thing here, an endpoint
with deployments; the class decides defaults, refusals and what is printed.
"""
