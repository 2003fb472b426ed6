"""HyperDrive: v1's names for sweeps, over the engine that `runyard.Sweep` uses, too.

    expressions   choice, uniform …: plain lists, as v1 scripts print and compare them
    sampling      the three samplers
    policies      the four policies of early termination
    config        HyperDriveConfig, which can be submitted
    run           HyperDriveRun, what submitting it gives

Nothing is drawn here; the service does. Everything that it would refuse is refused when the object
is made, as there, and names the parameter.
"""
