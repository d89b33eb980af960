if ! getent passwd gbrtc >/dev/null; then
  useradd --system --user-group --home-dir /var/lib/gbrtc --no-create-home --shell /usr/sbin/nologin \
    --comment 'gbrtc gateway' gbrtc
fi
