using System.Collections.Immutable;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>A Calico NetworkPolicy or GlobalNetworkPolicy as stored, nothing folded or defaulted but what a comment says.</summary>
/// <remarks>Source: Calico <c>api/pkg/apis/projectcalico/v3</c>; spec JSON is the same in <c>crd.projectcalico.org/v1</c>.</remarks>
internal sealed record CalicoPolicy
{
    /// <summary>Whether this is a GlobalNetworkPolicy.</summary>
    public required bool IsGlobal { get; init; }

    /// <summary>The Namespace; empty for a GlobalNetworkPolicy.</summary>
    public required string Namespace { get; init; }

    /// <summary>The name users know: without the prefix that Calico up to v3.31 stores.</summary>
    public required string Name { get; init; }

    /// <summary>The name of the stored custom resource: it breaks ties, and names the tier up to v3.31.</summary>
    public required string StoredName { get; init; }

    /// <summary>The tier that Felix enforces the policy in.</summary>
    public required string Tier { get; init; }

    /// <summary><c>spec.order</c>; positive infinity when absent.</summary>
    public double Order { get; init; } = double.PositiveInfinity;

    /// <summary><c>spec.selector</c>; null when absent or empty, which selects all.</summary>
    public CalicoSelector? Selector { get; init; }

    /// <summary><c>spec.namespaceSelector</c> of a GlobalNetworkPolicy; null when absent or empty.</summary>
    public CalicoSelector? NamespaceSelector { get; init; }

    /// <summary><c>spec.serviceAccountSelector</c>; null when absent or empty.</summary>
    public CalicoSelector? ServiceAccountSelector { get; init; }

    /// <summary>Whether the policy governs what its Pods receive.</summary>
    public bool GovernsIngress { get; init; }

    /// <summary>Whether the policy governs what its Pods send.</summary>
    public bool GovernsEgress { get; init; }

    /// <summary><c>spec.ingress</c>, in order.</summary>
    public ImmutableArray<CalicoRule> Ingress { get; init; } = [];

    /// <summary><c>spec.egress</c>, in order.</summary>
    public ImmutableArray<CalicoRule> Egress { get; init; } = [];

    /// <summary><c>spec.doNotTrack</c>.</summary>
    public bool DoNotTrack { get; init; }

    /// <summary><c>spec.preDNAT</c>.</summary>
    public bool PreDnat { get; init; }

    /// <summary><c>spec.applyOnForward</c>.</summary>
    public bool ApplyOnForward { get; init; }

    /// <summary>The kind's name.</summary>
    public string Kind => IsGlobal ? "GlobalNetworkPolicy" : "NetworkPolicy";

    /// <summary><c>NetworkPolicy shop/allow-web</c>, <c>GlobalNetworkPolicy deny-all</c>.</summary>
    public override string ToString() => IsGlobal ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}

/// <summary>What a Calico rule does with a packet that it matches.</summary>
internal enum CalicoAction
{
    Allow,
    Deny,
    Log,
    Pass,
}

/// <summary>One rule of a Calico policy.</summary>
internal sealed record CalicoRule
{
    public required CalicoAction Action { get; init; }

    /// <summary><c>ipVersion</c>: 4 or 6; null when absent.</summary>
    public int? IPVersion { get; init; }

    /// <summary><c>protocol</c>; null when absent.</summary>
    public CalicoProtocol? Protocol { get; init; }

    public CalicoProtocol? NotProtocol { get; init; }

    /// <summary><c>icmp</c>; null when absent.</summary>
    public CalicoIcmp? Icmp { get; init; }

    /// <summary><c>notICMP</c>; null when absent.</summary>
    public CalicoIcmp? NotIcmp { get; init; }

    /// <summary>Whether <c>http</c> is given; Felix ignores it, only Envoy beside the Pod looks at it.</summary>
    public bool HasHttp { get; init; }

    public CalicoEntity Source { get; init; } = CalicoEntity.Any;

    public CalicoEntity Destination { get; init; } = CalicoEntity.Any;
}

/// <summary>A protocol as written: a name, kept as written, or a number from 1 to 255.</summary>
/// <param name="Name">The name; null when a number was given.</param>
/// <param name="Number">The protocol's number; 0 for a name that Calico does not know.</param>
internal readonly record struct CalicoProtocol(string? Name, byte Number)
{
    public override string ToString() => Name ?? Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>ICMP messages.</summary>
/// <param name="Type">0–254; null is any type.</param>
/// <param name="Code">0–255; null is any code.</param>
internal sealed record CalicoIcmp(byte? Type, byte? Code);

/// <summary>A port range, both ends included, or a port's name.</summary>
internal readonly record struct CalicoPort(int First, int Last, string? Name = null)
{
    public override string ToString() => Name ?? (First == Last ? $"{First}" : $"{First}:{Last}");
}

/// <summary>One side of a Calico rule. A missing list is an empty one; a missing or empty selector is null.</summary>
internal sealed record CalicoEntity
{
    /// <summary>The side that says nothing and matches everything.</summary>
    public static readonly CalicoEntity Any = new();

    public CalicoSelector? Selector { get; init; }

    public CalicoSelector? NotSelector { get; init; }

    public CalicoSelector? NamespaceSelector { get; init; }

    /// <summary>Texts as written.</summary>
    public ImmutableArray<string> Nets { get; init; } = [];

    public ImmutableArray<string> NotNets { get; init; } = [];

    public ImmutableArray<CalicoPort> Ports { get; init; } = [];

    public ImmutableArray<CalicoPort> NotPorts { get; init; } = [];

    /// <summary><c>serviceAccounts</c>; null when absent or empty, which is no constraint.</summary>
    public CalicoServiceAccounts? ServiceAccounts { get; init; }

    /// <summary><c>services</c>; null when absent.</summary>
    public CalicoServiceReference? Services { get; init; }
}

/// <summary>The service accounts that one side of a rule asks for; both demands hold where both are given.</summary>
/// <param name="Names">One of these; no demand when empty.</param>
/// <param name="Selector">A selector on the labels of the service account; null is no demand.</param>
internal sealed record CalicoServiceAccounts(ImmutableArray<string> Names, CalicoSelector? Selector);

/// <summary>The Service whose endpoints one side of a rule asks for.</summary>
/// <param name="Namespace">As written; empty in a NetworkPolicy never matches anything, whatever Calico's documentation promises.</param>
/// <param name="Name">The Service's name.</param>
internal sealed record CalicoServiceReference(string Namespace, string Name);
