#!/bin/sh
# Process 1 of a container that is being provisioned: waits for the end of the recipe, then becomes what the image would start.
# Process 1 gets no signal that it does not ask for, and a shell hears one only between two commands.
trap 'exit 143' TERM INT
until [ -s /etc/haversack-base.json ]; do
  sleep 0.2 &
  wait $!
done
exec /opt/haversack/bin/init "$@"
