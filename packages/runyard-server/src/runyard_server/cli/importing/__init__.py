"""`runyard import mlflow`: what others have kept, brought here.

sources    what a place of MLflow's has: experiments, runs, models; the contract of the readers
database   reads MLflow's database (SQLite)
folder     reads MLflow's file store (`mlruns`)
server     asks a server that speaks MLflow's protocol; the service here is one, too
bringing   asks a source, tells the service; goes on where it was left
"""
