/** What is there for SwarmKit's kinds alone. */

/** Why other kinds are not imported and exported. */
export const SNAPSHOTS =
  "snapshots are of SwarmKit's services, networks and tasks: copy other tables with what AWS has for that";
