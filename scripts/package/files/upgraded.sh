if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  systemctl try-restart gbrtc.service || true
fi
