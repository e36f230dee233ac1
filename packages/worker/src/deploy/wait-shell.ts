/**
 * Process 1 of a container that is being provisioned, as `images/wait.sh` has it (a test compares): waits for the end of
 * the recipe, then becomes what the image would start.
 */
export const waitShell = `trap 'exit 143' TERM INT
until [ -s /etc/haversack-base.json ]; do
  sleep 0.2 &
  wait $!
done
exec /opt/haversack/bin/init "$@"
`;
