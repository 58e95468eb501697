#!/bin/busybox sh
# The guest's first process: mounts what every system has, runs the task, and hands its output back over the serial
# line. What is ours on that line is marked with a word that only this run knows.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mkdir -p /dev/pts /dev/shm
busybox ln -s /proc/self/fd /dev/fd
busybox ln -s fd/0 /dev/stdin
busybox ln -s fd/1 /dev/stdout
busybox ln -s fd/2 /dev/stderr
busybox mount -t devpts devpts /dev/pts
busybox mount -t tmpfs tmpfs /dev/shm
busybox mount -t tmpfs -o mode=755 tmpfs /run
busybox stty -F /dev/ttyS0 raw -echo
exec </dev/null >/dev/ttyS0 2>/dev/null  # where this shell says that a script was killed
cd /
busybox chmod 755 /
mark=$(busybox cat /task/mark)
busybox tar -xf /task/files.tar
busybox printf '%s start\n' "$mark"
busybox setsid busybox sh -c 'exec /task/script 2>&1'
status=$?
# Whatever the script left running must not write between the marks.
kill -9 -1
busybox printf '\n%s end %d\n' "$mark" "$status"
busybox tar -C /out -cf - . | busybox gzip -1 | busybox base64
busybox printf '\n%s done\n' "$mark"
busybox sleep 1000
