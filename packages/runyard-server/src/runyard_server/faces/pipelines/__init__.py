"""v1's REST addresses of published pipelines: any program that can POST starts a run.

    face    the addresses, who asks, what is answered
    asked   the JSON of a submission in our own words

Everything else about pipelines is asked in our own protocol.
"""
