#!/bin/sh
# Prints the Python to install into: $PYTHON, else the newest that all packages exist for, 3.11, where it is. TensorFlow 2.15, which it
# gets, has machine code for NVIDIA GPUs up to compute capability 8.0; on an H100 (9.0) every kernel would be compiled at first use, for
# half an hour. So a machine with such a card gets 3.12 and TensorFlow 2.21. tensorflow-addons, which goes with TensorFlow 2.15, has no
# wheels for ARM under Linux, and on a Mac that TensorFlow is in packages of other names: 3.12 or 3.13 there.
oldest=10
[ "$(uname -s) $(uname -m)" = 'Linux x86_64' ] || oldest=12
SUITABLE="import sys, venv, ensurepip; sys.exit(not (3, $oldest) <= sys.version_info[:2] <= (3, 13))"

if [ -n "$PYTHON" ]; then
  "$PYTHON" -c "$SUITABLE" || { echo "PYTHON=$PYTHON cannot be used: it must be Python 3.$oldest to 3.13 with venv and pip." >&2; exit 1; }
  echo "$PYTHON"
  exit
fi

versions='3.11 3.10 3.12 3.13'
capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | sort -n | tail -n 1)
case "$capability" in
  9.* | [1-9][0-9].*)
    versions='3.12 3.13 3.11 3.10'
    echo "A GPU of compute capability $capability: Python 3.12 is preferred, whose TensorFlow has code for it (PYTHON= chooses another)." >&2 ;;
esac

# Each one is run, since a name on the PATH may be a shim of pyenv's that leads nowhere. The shims come last: pyenv builds without
# profile-guided optimisation unless it is told to, and our tests took a tenth longer so than in a distribution's Python.
without_shims=$(IFS=:; for folder in $PATH; do case "$folder" in */shims) ;; *) printf '%s:' "$folder" ;; esac; done)
for version in $versions; do
  unhidden=$(PATH=${without_shims%:} command -v "python$version")
  for candidate in "$unhidden" "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python3 /usr/local/bin/"python$version" \
    "$HOME"/.local/share/uv/python/cpython-"$version".*/bin/python3; do
    if "$candidate" -c "$SUITABLE" >/dev/null 2>&1; then echo "$candidate"; exit; fi
  done
done
for candidate in python3 python /usr/local/bin/python3; do
  if "$candidate" -c "$SUITABLE" >/dev/null 2>&1; then echo "$candidate"; exit; fi
done
echo "No suitable Python was found: on $(uname -s) $(uname -m), xdc-tf needs Python 3.$oldest to 3.13 with venv and pip." >&2
echo "Install one (Debian: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12 demo" >&2
echo 'Where the distribution has only a newer one: uv python install 3.12 (https://docs.astral.sh/uv), which make finds by itself.' >&2
exit 1
