"""What a notebook shows of a run while it goes on: a card of HTML that renews itself in place.

    RunDetails(run).show()
        screen     where notebooks show something, found without importing anything for it
        facts      what is known of the run; reads again what the service's hints say has changed
        page       the facts as HTML: tables, `style=` attributes, and charts as `data:` images,
                   for a notebook that nobody trusts loses all else when it is opened again
        board      the one thread that renews all cards, by one stream for each workspace
        widget     the same run by anywidget, for who asks for it

Standard library only: whoever has a notebook has all that it takes.
"""
