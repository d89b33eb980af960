if [ -d /run/systemd/system ]; then systemctl stop gbrtc.service gbrtc-ice-agent.service || true; fi
