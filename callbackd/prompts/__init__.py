"""Turns phrases into sound.

A phrase (``domain.phrase``) has the same fragment names in every language (``catalog``); a language (``languages``)
gives each name its words; ``build`` turns the words into sound files ahead of time, ``render`` finds them at run time,
``check`` judges them. The catalogue holds all that can ever be said, so a running daemon needs no speech engine.

Files import only files above them in this list: language, languages; settings, phone, catalog, manner; shipped, sound,
listen, store; render, example, build, check, sheet.
"""
