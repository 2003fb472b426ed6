"""The studio: the pages that people open in a browser.

It serves one page and its scripts, which hold no data: what they show they ask of the native face,
as every other client does. So it has nothing to leak, and a page can show nothing that the API
cannot tell.
"""
