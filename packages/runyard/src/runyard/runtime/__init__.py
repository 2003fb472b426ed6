"""The agent inside a job: from a run folder with a job.json to a finished run.

    agent         the steps of one job            salvage    finishes a job whose agent died
    job, folder   what is to be done, and where   state      who works here, for a salvage to read
    snapshot      the files of the run            data       references to datastores
    environments  interpreter and packages        variables  what the script finds
    launchers     which processes to start        processes  starting and ending them
    tree          finding all that are the run's  mark       what they all inherit from the agent
    wakeup        waiting without polling
    ending        exit status -> outcome          causes     why a process failed
    startup       what the script's own interpreter runs first, so that it tells its end
    compatibility what that interpreter changes where today's framework stands for an old one
    delivery      what comes last, however long it takes
    link          all that speaks to the service: beats ("I am alive"), watch (which logs there are)
    service       the few requests of an agent    wire       HTTP in as few imports as possible
    outputs       ./outputs into the history      names      the protocol's words, cheaply
    fork_server   agents by fork, so that no run waits for imports

The script waits for the agent, so what stands on its path is small: it reads job.json as plain
values (the protocol's records cost tens of milliseconds to import), starts the script, and only
then opens the network. Nothing the script does can reach the agent: the script writes into files.
"""
