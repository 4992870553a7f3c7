"""The library of logos (10 §16): pictures under addresses, uploaded ones in the data folder, small copies for our pages.

A channel names its logo by address. A :class:`~channels_app.models.Logo` is what the library knows under the same address;
it is made when somebody sets that logo, when the library is asked to take in what channels use, and by the check.
"""
