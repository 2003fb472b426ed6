"""Which media type a file from outside is served with.

Jobs and users write these files, and a browser that is signed in may open them: nothing that
could run as a page of the service (HTML, SVG, XML) is named as such.
"""

import mimetypes

PLAIN = "text/plain; charset=utf-8"
UNKNOWN = "application/octet-stream"
# No SVG among them, and HTML is told as plain text: opened in a browser they could run scripts of
# their own, with whatever the service lets its pages do.
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


def media_type(path: str) -> str:
    """The media type for a file of that name."""
    guess, encoding = mimetypes.guess_type(path)
    # `log.txt.gz` is guessed to be text, in an encoding: what is there is bytes.
    if guess is None or encoding is not None:
        return UNKNOWN
    if guess in _IMAGES or guess == "application/json":
        return guess
    return PLAIN if guess.startswith("text/") else UNKNOWN
