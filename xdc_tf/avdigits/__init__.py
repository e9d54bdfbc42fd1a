"""AV digits: a synthetic corpus of clips in which a handwritten digit moves while a voice says its name.

nuisances.py  what varies besides the digit, and by how much at each level
curation.py   what is wrong with the training clips as a whole: sound of other digits, a long tail, backgrounds that tell the voice
streams.py    random numbers
extra.py      the packages that only this one needs
classes.py    the digits, or the pairs of digits, that are the classes
digits.py     the handwritten images and who trains on which
speech.py     words from espeak-ng
picture.py    the frames of a clip
sound.py      the waveform of a clip
mp4.py        both, as the bytes of an .mp4 file
recipe.py     which clip shows and says what
rendering.py  clips as .mp4 files, several at a time
corpus.py     the folder of all of them and its list
"""
