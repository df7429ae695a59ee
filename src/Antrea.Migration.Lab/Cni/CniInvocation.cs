using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;

namespace Antrea.Migration.Lab.Cni;

/// <summary>What a runtime tells a CNI plugin.</summary>
/// <param name="Node">Where it runs.</param>
/// <param name="ContainerId">The sandbox's id (<c>CNI_CONTAINERID</c>).</param>
/// <param name="Netns">The sandbox's network namespace, with the Pod's Namespace and name (<c>CNI_NETNS</c>, <c>K8S_POD_*</c>).</param>
/// <param name="IfName">The interface to make (<c>CNI_IFNAME</c>).</param>
internal sealed record CniInvocation(LabNode Node, string ContainerId, PodNetns Netns, string IfName);

/// <summary>An address a plugin gave.</summary>
/// <param name="IfName">The interface in the Pod.</param>
/// <param name="Address">The address.</param>
internal sealed record CniAddress(string IfName, IPAddress Address);

/// <summary>A CNI plugin. ADD returns the addresses it gave (none for a chained one); DEL may be repeated.</summary>
internal interface ICniPlugin
{
    /// <exception cref="CniException">It failed and left nothing behind.</exception>
    ImmutableArray<CniAddress> Add(CniInvocation invocation, JsonObject config);

    /// <exception cref="CniException">It failed; the runtime tries again.</exception>
    void Delete(CniInvocation invocation, JsonObject config);
}
