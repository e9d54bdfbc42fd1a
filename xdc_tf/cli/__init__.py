"""What is typed in; a call of the library and its result, printed, out. One file a verb, imported when it is called.

Open main.py first; configuration.py is the only place that parses gin.
"""
