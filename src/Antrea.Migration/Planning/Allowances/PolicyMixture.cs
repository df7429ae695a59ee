using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Clients and servers of two kinds that meet under another address than the client's.</summary>
/// <param name="Phase">The phase in which both are there.</param>
/// <param name="From">What the clients are.</param>
/// <param name="To">What the servers are.</param>
/// <param name="ByService">Whether they are asked by a Service.</param>
/// <param name="Place">Where they are to each other.</param>
/// <param name="Seen">The address in one case.</param>
/// <param name="Addresses">Which of the client's Node's addresses it can be; empty where it can be another one than the Node's.</param>
internal sealed record PolicyMixture(
    MigrationPhase Phase, PodNetworkKind From, PodNetworkKind To, bool ByService, string Place, IPAddress Seen, ImmutableArray<NodeAddress> Addresses)
{
    /// <summary>Who enforces at the server.</summary>
    public PolicyEngine Engine => To == PodNetworkKind.Antrea ? PolicyEngine.Antrea : PolicyEngine.Calico;

    /// <summary>Which of the Node's addresses one is; null for none of them.</summary>
    public static NodeAddress? KindOf(IPAddress address, NodeInfo? node) =>
        node is null ? null
        : node.CalicoTunnelAddresses.Contains(address) ? NodeAddress.Tunnel
        : node.InternalIPs.Contains(address) ? NodeAddress.Internal
        : PolicyWorld.GatewaysOf(node).Contains(address) ? NodeAddress.Gateway
        : null;
}

/// <summary>Allowed connections that a mixture denies.</summary>
/// <param name="Mixture">How they meet.</param>
/// <param name="From">The clients.</param>
/// <param name="To">The servers.</param>
/// <param name="Ports">On which ports.</param>
/// <param name="Change">The same for people.</param>
internal sealed record PolicyDenial(PolicyMixture Mixture, PolicyPodClass From, PolicyPodClass To, ImmutableArray<PolicyPort> Ports, PredictedPolicyChange Change);
