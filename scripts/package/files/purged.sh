rm -rf /usr/local/gbrtc
if [ -n "$(ls -A /var/lib/gbrtc/record 2>/dev/null)" ]; then
  find /var/lib/gbrtc -mindepth 1 -maxdepth 1 ! -name record -exec rm -rf {} +
  echo 'gbrtc: the recordings in /var/lib/gbrtc/record, and user gbrtc whom they belong to, are kept'
else
  rm -rf /var/lib/gbrtc
  if getent passwd gbrtc >/dev/null; then userdel gbrtc || true; fi
  if getent group gbrtc >/dev/null; then groupdel gbrtc || true; fi
fi
