"""Encoders and labelled records in; accuracies out: finetuning, sweeps over learning rates, SVM, retrieval.

Open finetuning.py first, then sweep.py.
"""
