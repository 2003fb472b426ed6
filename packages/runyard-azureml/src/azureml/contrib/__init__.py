"""Of the packages that had no home elsewhere: what score.py scripts import."""
