"""How the built-in scenes are drawn. From the bottom: `perspective`, `textures` and `shapes`; what
stands (`ground`, `buildings`) and moves (`foliage`, `cars`, `limbs`, `people`); `scenery` is one
camera's view; `weather` and `sensor` lie between it and the picture; `clips` puts all together.
"""
