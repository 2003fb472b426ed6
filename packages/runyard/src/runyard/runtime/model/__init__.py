"""The replica of an endpoint: a supervisor, and the worker process that has the model.

    python -m runyard.runtime.model        in the app root, with `.runyard/serving.json` in it

    supervisor   starts the worker and starts it again; knows of what it died
    restarts     when it is started again          deaths     why it died, in words
    dialing      finding and calling the gateway   link       the supervisor's connection to it
    worker       loads the model and answers       calls      frames as they come and go
    served       what every protocol sees of a loaded model
    script       a score.py                        flavors    models that are served without one
    protocols    the other protocols, from requests to arrays and back
    web          answering over HTTP by itself, in the gateway's place

Both processes run under the model's own interpreter, so this room needs the standard library and
Python 3.7 alone. Numpy and the frameworks are imported where they are used, inside flavors.
"""
