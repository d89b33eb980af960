if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  systemctl try-restart gbrtc.service gbrtc-ice-agent.service || true
fi
