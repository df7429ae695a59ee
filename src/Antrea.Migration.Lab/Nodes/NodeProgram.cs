using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Policies;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What programs and kubelets of a lab share.</summary>
/// <param name="Store">The API's objects.</param>
/// <param name="View">The cluster as programs see it.</param>
/// <param name="Ipam">Calico's address management.</param>
/// <param name="Policies">What the CNIs' agents enforce.</param>
/// <param name="Time">The cluster's clock.</param>
internal sealed record LabServices(ObjectStore Store, ClusterView View, CalicoIpamPlugin Ipam, LabPolicies Policies, TimeProvider Time);

/// <summary>Where a container runs.</summary>
/// <param name="Node">The Node.</param>
/// <param name="Pod">The Pod as it was when it started.</param>
/// <param name="Container">The container's part of the Pod's spec.</param>
/// <param name="Netns">The Pod's network namespace, or the Node's.</param>
/// <param name="Services">What the lab offers.</param>
internal sealed record ContainerContext(
    LabNode Node, JsonObject Pod, JsonObject Container, NetworkNamespace Netns, LabServices Services)
{
    /// <summary>The image's tag; empty when there is none.</summary>
    public string Tag => ContainerImage.TagOf(Container.Text("image") ?? "");

    /// <summary>command and args, in order.</summary>
    public IEnumerable<string> Arguments => Container.Texts("command").Concat(Container.Texts("args"));

    /// <summary>The value of an argument <c>NAME=VALUE</c>, or null.</summary>
    public string? Argument(string name) =>
        Arguments.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    /// <summary>The value of an environment variable set to a text, or null.</summary>
    public string? Environment(string name) =>
        Container.Items("env").FirstOrDefault(e => e.Text("name") == name).Text("value");
}

/// <summary>A running container, as far as it does something to its Node or the cluster.</summary>
/// <remarks>Starting has the effects; disposing takes away only what ends with the process: what the real one leaves behind stays.</remarks>
internal abstract class NodeProgram(ContainerContext context) : IAsyncDisposable
{
    protected ContainerContext Context { get; } = context;

    /// <summary>The container's part of the Pod's spec.</summary>
    public JsonObject Container => Context.Container;

    protected LabNode Node => Context.Node;

    protected LabServices Services => Context.Services;

    /// <summary>Whether the container's own readiness check passes.</summary>
    public virtual bool IsReady => true;

    /// <summary>What the Pod's init containers do, then the start of the container itself.</summary>
    /// <exception cref="CniException">It cannot start now; the kubelet tries again.</exception>
    public abstract void Start();

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Names of container images.</summary>
internal static class ContainerImage
{
    /// <summary>The path without registry host, tag and digest: <c>calico/node</c>.</summary>
    public static string PathOf(string image)
    {
        var path = image.Split('@')[0];
        var colon = path.LastIndexOf(':');
        path = colon > path.LastIndexOf('/') ? path[..colon] : path;
        var first = path.Split('/')[0];
        return path.Contains('/', StringComparison.Ordinal) && first.AsSpan().IndexOfAny('.', ':') >= 0 ? path[(first.Length + 1)..] : path;
    }

    /// <summary>The tag, or empty.</summary>
    public static string TagOf(string image)
    {
        var path = image.Split('@')[0];
        var colon = path.LastIndexOf(':');
        return colon > path.LastIndexOf('/') ? path[(colon + 1)..] : "";
    }

    /// <summary>A tag <c>vMAJOR.MINOR.PATCH</c> as a version; null for any other tag.</summary>
    public static Version? VersionOf(string tag) =>
        tag.StartsWith('v') && Version.TryParse(tag[1..].Split('-')[0], out var version) ? version : null;
}
