#!/bin/sh
# Print a Python that the project runs on (3.11 to 3.13), installing one where apt can.
fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}
find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        path=$(command -v "$name") && fits "$path" && echo "$path" && return 0
    done
    if command -v uv >/dev/null 2>&1; then
        path=$(uv python find '>=3.11,<3.14' 2>/dev/null) && fits "$path" && echo "$path" && return 0
    fi
    return 1
}
find_python && exit 0
if command -v uv >/dev/null 2>&1; then
    uv python install 3.13 >&2 && find_python && exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    { apt-get -q update && apt-get -qy install --no-install-recommends python3; } >&2 &&
        find_python && exit 0
fi
echo "Wardstream needs Python 3.11, 3.12 or 3.13: install the package python3 of Debian 12 or 13, or install uv." >&2
exit 1
