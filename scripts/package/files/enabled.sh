# Installed again after a removal they do not run yet; who has disabled one wants it to stay down.
if [ -d /run/systemd/system ]; then
  for unit in gbrtc.service gbrtc-ice-agent.service; do
    if systemctl is-enabled --quiet $unit; then systemctl start $unit || true; fi
  done
fi
