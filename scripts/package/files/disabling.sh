if command -v systemctl >/dev/null; then systemctl --no-reload disable gbrtc.service gbrtc-ice-agent.service >/dev/null 2>&1 || true; fi
# Not every systemctl disables a unit whose file has gone.
rm -f /etc/systemd/system/*.wants/gbrtc.service /etc/systemd/system/*.wants/gbrtc-ice-agent.service
