"""What the project is measured by; each benchmark says in its docstring what it needs and how it is started."""

import os

# Before TensorFlow is imported: at 2 it still complains of GPU libraries.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
