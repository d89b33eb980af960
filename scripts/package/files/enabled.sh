# Installed again after a removal it does not run yet; who has disabled it wants it to stay down.
if [ -d /run/systemd/system ] && systemctl is-enabled --quiet gbrtc.service; then systemctl start gbrtc.service || true; fi
