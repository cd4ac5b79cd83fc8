"""Results -> what a map shows, before anybody draws it: layers, classes, colours, fields and texts as plain data.

`MapPage` is drawn twice: `siteplan.webmap` makes an interactive page of it, `siteplan.pictures` a picture for print.
`countypage` and `checkpage` say what the map of a county and of a check holds.
"""
