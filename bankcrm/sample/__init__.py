"""The sample bank of `make demo`: invented people, money and a year of contacts, anchored on a day.

`bank` puts together the rows that core banking would send, `files` writes them, `loading` brings them
in through the importer and adds what files cannot carry.
"""
