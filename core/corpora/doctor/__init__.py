"""The data doctor: what is wrong with the pairs of a corpus, shown first and removed on request.

May import only what `core.corpora` may: it knows neither runs nor pages.
"""
