"""Tables: what a tabular dataset's definition makes of its files.

    files --> delimited | jsonlines | parquet --> columns with types --> steps --> frames

Records travel in chunks of some thousand: a list of values for each column. All of it needs the
standard library alone, but for `frames` (pandas) and `parquet` (pyarrow), which import theirs when
they are called. Nothing here knows the service: whoever reads says how a file is opened.
"""
