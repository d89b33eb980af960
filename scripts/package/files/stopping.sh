if [ -d /run/systemd/system ]; then systemctl stop gbrtc.service || true; fi
