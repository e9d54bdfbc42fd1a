#!/usr/bin/env bash
# What surprises: dcase_util leaves an onset of 0 where it is when time is added, ends a long event where a short one within it ends, cuts ten
#   seconds into nine of one, and reads all of a file for 'from 2 s on'.
# Guessed before it was run: all onsets move; joined events end with the last of them; ten segments; eight seconds.
# Seen: dog 0-2 s becomes 0-12 s; car 0-10 and 2-3 s become 0-3 s; nine segments of 1 s, one of 5 s, none of 10 s; 10 s for a start of 2 s,
#   and 1 s for a start of 2 and a stop of 3. `normalize` of quiet sound stops at .159 where .995 is documented.
# Reason: 0.0 is taken for no onset; the end of the latest event is taken without a maximum; the last whole segment must end before the end;
#   start and stop are obeyed only together; the divisor is the peak plus the headroom.
# Versions: dcase_util 0.2.20, soundfile 0.14.0, setuptools 80.9.0, numpy 2.4.6, Python 3.12.
# What xdc-tf does: the DCASE lists are read by xdc_tf/manifest/official/dcase2013.py, and sound by FFmpeg.
set -euo pipefail
tmp="$(mktemp -d)"
trap 'rm -rf "$tmp"' EXIT
"${PYTHON:-python3.12}" -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --disable-pip-version-check \
  dcase_util==0.2.20 soundfile==0.14.0 setuptools==80.9.0 numpy==2.4.6
FOLDER="$tmp" "$tmp/venv/bin/python" - <<'PYTHON_END'
import importlib.metadata
import os
import warnings

import numpy as np
import soundfile

warnings.simplefilter('ignore')
from dcase_util.containers import AudioContainer, MetaDataContainer

os.chdir(os.environ['FOLDER'])
print('dcase_util', importlib.metadata.version('dcase_util'))


def events(*rows):
  return MetaDataContainer(
    [{'filename': 'a.wav', 'event_label': label, 'onset': onset, 'offset': offset} for label, onset, offset in rows]
  )


def shown(container):
  return [(event.event_label, event.onset, event.offset) for event in container]


moved = shown(events(('dog', 0.0, 2.0), ('car', 3.0, 5.0)).add_time(10))
joined = shown(events(('car', 0.0, 10.0), ('car', 2.0, 3.0)).process_events(minimum_event_gap=0.1))
print('10 s later:', moved, '\njoined:', joined)
assert moved == [('dog', 0.0, 12.0), ('car', 13.0, 15.0)] and joined == [('car', 0.0, 3.0)]

noise = np.random.default_rng(0).normal(size=10 * 16000) * 0.02
soundfile.write('a.wav', noise, 16000)
sound = AudioContainer().load('a.wav')
counts = [len(sound.segments(segment_length_seconds=seconds)[0]) for seconds in (1.0, 5.0, 10.0)]
spans = [AudioContainer().load('a.wav', **span).duration_sec for span in ({'start': 2.0}, {'start': 2.0, 'stop': 3.0})]
peak = float(np.abs(AudioContainer(data=noise * 0.01, fs=16000).normalize().data).max())
print('segments of 1, 5 and 10 s:', counts, '; from 2 s on:', spans[0], 's; to 3 s:', spans[1], f's; peak {peak:.3f}')
assert counts == [9, 1, 0] and spans == [10.0, 1.0] and peak < 0.2
PYTHON_END
