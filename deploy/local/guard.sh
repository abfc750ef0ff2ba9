#!/bin/sh
# Stops process groups when the launcher that started them is gone, however it ended.
#
# Standard input is a pipe from the launcher: "+ GROUP" for a group that started, "- GROUP"
# for one that ended. The pipe closes when the launcher ends, kill -9 included; whatever
# is left then gets SIGTERM, and SIGKILL after ten seconds. A lock file that the launcher
# holds is inherited, so the next launcher waits until this is done.
trap '' INT TERM HUP
groups=' '
while read -r change group; do
    case $change in
        +) groups="$groups$group " ;;
        -)
            case $groups in  # said twice, the second finds nothing to take out
                *" $group "*) groups="${groups%% "$group" *} ${groups#* "$group" }" ;;
            esac
            ;;
    esac
done

alive() {
    for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && return 0; done
    return 1
}
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
tenths=0
while alive && [ "$tenths" -lt 100 ]; do
    sleep 0.1
    tenths=$((tenths + 1))
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
