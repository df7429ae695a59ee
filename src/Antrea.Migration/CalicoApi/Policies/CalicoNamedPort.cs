namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>A port that an endpoint gives a name.</summary>
/// <param name="Name">The name; several ports of one endpoint may share it, and all count.</param>
/// <param name="Protocol">6 for TCP, 17 for UDP, 132 for SCTP.</param>
/// <param name="Number">1–65535.</param>
internal readonly record struct CalicoNamedPort(string Name, byte Protocol, int Number);
