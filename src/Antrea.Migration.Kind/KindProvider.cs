namespace Antrea.Migration.Kind;

/// <summary>What runs a KinD cluster's Nodes as containers. Source: kind's documentation, "Rootless" and <c>KIND_EXPERIMENTAL_PROVIDER</c>.</summary>
public enum KindProvider
{
    /// <summary>A Docker engine.</summary>
    Docker,

    /// <summary>Podman, as root; kind calls it experimental. Its images are to be named in full, for example <c>localhost/server:1</c>.</summary>
    Podman,
}
