if [ -d /run/systemd/system ]; then systemctl stop gbrtc.service || true; fi
if command -v systemctl >/dev/null; then systemctl --no-reload disable gbrtc.service >/dev/null 2>&1 || true; fi
