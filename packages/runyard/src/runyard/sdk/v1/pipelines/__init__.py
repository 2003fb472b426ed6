"""Pipelines as v1 code writes them: steps, the data between them, and the runs that come of it.

    parameters, data -> ports -> steps -> building      what is written: ends in a PipelineSpec
    publishing -> pipeline_endpoints                    what is kept to be submitted again
    outputs -> runs -> following                        what has become of it

Nothing here knows how steps are run: the service has the graph and does the rest.
"""
