#!/bin/bash
# Runs in the guest, in the shared folder: guest_checks.sh [MODULE.ko] SECTION...
# Prints one line "PASS name" or "FAIL name" for each check. Sections: pixels restarts toggle kill chromium refused app
cd /share || exit 1
export PYTHONPATH=/share/tools:/share/personare:$PYTHONPATH PYTHONUNBUFFERED=1
D=/dev/video10
KO=; case "$1" in *.ko) KO=$1; shift;; esac
FEED="python3 /share/personare/tests/virtual_camera/guest_feed.py --device $D"

verdict() { if [ "$2" = 0 ]; then echo "PASS $1"; else echo "FAIL $1"; fi; }
sides() { v4l2-ctl -d $D -D 2>&1 | sed -n '/Device Caps/,$p' | tr -s '\n\t ' ' '; }
load() {
  rmmod v4l2loopback 2>/dev/null
  modprobe videodev
  local options="devices=1 video_nr=10 exclusive_caps=1 card_label=Personare"
  if [ -n "$KO" ]; then insmod "$KO" $options; else modprobe v4l2loopback $options; fi
  sleep 0.5
}
feed() { $FEED "$@" > /tmp/feed.log 2>&1 & P=$!; for _ in $(seq 300); do grep -q "PartState.ON" /tmp/feed.log && break; sleep 0.2; done; sleep 1.5; }
end() { kill -TERM $P 2>/dev/null; wait $P; local status=$?; cat /tmp/feed.log; return $status; }
read_raw() { timeout 60 v4l2-ctl -d $D --stream-mmap=4 --stream-count="$1" --stream-to="$2" 2>&1 | tail -1; }
# All frames whole and, but for those while the pattern was still unknown, equal to what was sent.
exact() { python3 /share/tools/check_raw.py "$1" 640 360 "$2" "$3" | tee /tmp/check.log; grep -qE "torn/unknown=0 max_err=$4" /tmp/check.log; }

for section in "$@"; do case $section in
pixels)
  load; feed --seconds 600
  read_raw 60 /tmp/a.raw; exact /tmp/a.raw I420 v4l2-ctl "0 "; verdict "v4l2-ctl reads exact pixels" $?
  timeout 60 ffmpeg -hide_banner -loglevel error -f v4l2 -i $D -frames:v 40 -fps_mode passthrough -f rawvideo -pix_fmt yuv420p -y /tmp/b.raw
  # ffmpeg's first picture may be one that the driver was just overwriting: skip two.
  tail -c +$((640 * 360 * 3 + 1)) /tmp/b.raw > /tmp/c.raw
  exact /tmp/c.raw I420 ffmpeg "0 "; verdict "ffmpeg reads exact pixels" $?
  timeout 60 python3 /share/tools/cv_reader.py $D 640 360 I420 6 opencv | tee /tmp/cv.log
  grep -qE "frames=[1-9][0-9]* .*torn=0 failed=0 max_err=0 " /tmp/cv.log; verdict "OpenCV reads exact pixels" $?
  end; verdict "the session ended well" $?;;
restarts)
  load
  for k in 1 2 3 4 5; do
    feed --seconds 600
    rm -f /tmp/a.raw; read_raw 20 /tmp/a.raw; exact /tmp/a.raw I420 "start-$k" "0 "; verdict "start $k of 5" $?
    end > /tmp/end.log; grep "FEED END" /tmp/end.log
    sides; sides | grep -q 'Video Output'; verdict "after stop $k the device can be opened again" $?
  done;;
toggle)
  # The camera is turned off and on in the application while a reader has it open.
  load; feed --seconds 600
  timeout 90 python3 /share/tools/cv_reader.py $D 640 360 I420 50 across-toggle > /tmp/cv.log 2>&1 & R=$!
  sleep 12; end > /tmp/end.log; verdict "stopped under a reader" $?; sides
  feed --seconds 600; verdict "started again under the same reader" "$(grep -q PartState.ON /tmp/feed.log; echo $?)"
  wait $R; cat /tmp/cv.log
  grep -q "torn=0 .*max_err=0 " /tmp/cv.log; verdict "the reader goes on and sees exact pixels" $?
  end > /tmp/end.log; grep "FEED END" /tmp/end.log;;
app)
  # The application itself with its models: some seconds a picture in emulation, so a small one and patience.
  load; export PERSONARE_HOME=/tmp/home
  python3 -m app run --headless --mic personare/assets/speech/hello.wav --camera $D --size 640x360 --fps 10 --seconds ${APP_SECONDS:-200} > /tmp/app.log 2>&1 & P=$!
  for _ in $(seq 600); do grep -q "^engine:" /tmp/app.log && break; kill -0 $P 2>/dev/null || break; sleep 0.5; done
  cat > /tmp/watch.py <<'PY'
import sys, time, zlib
import cv2
camera, seen, count, begin = cv2.VideoCapture(sys.argv[1], cv2.CAP_V4L2), {}, 0, time.time()
while time.time() - begin < float(sys.argv[2]):
    good, picture = camera.read()
    if good:
        count += 1
        if picture.std() > 10:
            seen.setdefault(zlib.crc32(picture), picture)
print("APP OpenCV read", count, "frames,", len(seen), "different pictures of the character")
for number, picture in enumerate(list(seen.values())[-4:]):
    cv2.imwrite(f"/share/app-{number}.png", picture)
sys.exit(0 if len(seen) >= 3 else 1)
PY
  timeout 400 python3 /tmp/watch.py $D ${APP_SECONDS:-200} 2>&1 | grep APP; verdict "OpenCV sees a character that moves" "${PIPESTATUS[0]}"
  read_raw 5 /tmp/a.raw; verdict "v4l2-ctl reads it" "$([ "$(stat -c %s /tmp/a.raw)" = $((5 * 640 * 360 * 3 / 2)) ]; echo $?)"
  wait $P; verdict "personare run ended well" $?; cat /tmp/app.log;;
kill)
  load; feed --seconds 45 --kill-program-at 12
  timeout 80 python3 /share/tools/cv_reader.py $D 640 360 I420 35 across-kill | tee /tmp/cv.log
  wait $P; verdict "camera program killed and started again by the session" $?; cat /tmp/feed.log
  grep -q recovering /tmp/feed.log; verdict "the session told it" $?;;
chromium)
  load; feed --kind RGB --seconds 3000
  SECS=${SECS:-15} LIMIT=400 PROD=$P timeout 500 python3 /share/tools/chromium_test.py | tee /tmp/chromium.log
  python3 - <<'PY'
import json, re, sys
done = re.search(r"done: (\{.*\})", open("/tmp/chromium.log").read())
report = json.loads(done.group(1)) if done else {}
print("CHROMIUM", report)
sys.exit(0 if report.get("checked", 0) >= 5 and report["torn"] == 0 and report["mean_err"] < 3 else 1)
PY
  verdict "Chromium shows the pictures" $?; end;;
refused)
  rmmod v4l2loopback 2>/dev/null
  $FEED --seconds 2 | tee /tmp/feed.log; grep -q 'v4l2loopback-dkms' /tmp/feed.log; verdict "no driver: told with a remedy" $?;;
*) echo "FAIL unknown section $section";;
esac; done
echo "kernel warnings: $(dmesg | grep -cE 'Oops|BUG:|WARNING:')"
