"""The charts of the pages: a module per page.

Colours are those of Okabe and Ito, which colour-blind people tell apart; what a colour says, a shape or a
label says as well, and every number of a chart stands in the table beside it.

References:
    Okabe and Ito (2008), "Color Universal Design".
"""
