#!/usr/bin/env bash
# Runs the suite where it was unpacked: run.sh [folder for results]. Needs NVIDIA's driver, cuBLAS 13 and cuDNN 9, of
# the system or beside a PyTorch of python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=${1:-$here/results}
mkdir -p "$results"
wheels=$(python3 - 2>/dev/null <<'PYTHON' || true
import glob, site, sys
roots = site.getsitepackages() + sys.path
print(":".join(sorted({folder for root in roots if root for folder in glob.glob(root + "/nvidia/*/lib")})))
PYTHON
)
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${wheels:+$wheels:}/usr/local/cuda/lib64"
exec "$here/node" "$here/packages/core/dist/testing/gpu-suite/main.js" "$results"
