if command -v systemctl >/dev/null; then systemctl --no-reload enable gbrtc.service >/dev/null 2>&1 || true; fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  systemctl start gbrtc.service || true
  echo 'gbrtc: started. The password of the console, made at the first start:'
  echo "         journalctl -u gbrtc -o cat | grep 'shown only this once'"
else
  echo 'gbrtc: no systemd runs here; the gateway is started with'
  echo '         cd /var/lib/gbrtc && setpriv --reuid gbrtc --regid gbrtc --init-groups gbrtc start'
  echo '       and prints the password of the console at its first start.'
fi
echo 'gbrtc: configuration: /usr/local/gbrtc/conf/config.yaml; data: /var/lib/gbrtc; manual: /usr/local/gbrtc/docs/operations.md'
