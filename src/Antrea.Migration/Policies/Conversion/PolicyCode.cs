using System.Collections.Frozen;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A kind of finding about policies: its stable id, its weight and what to do about it. Every one is listed in docs/conversion.md.</summary>
internal sealed record PolicyCode(string Id, Severity Severity, string Remedy)
{
    private const string Rewrite = "Express the rule without it, or convert this policy by hand and take it out of the input.";

    // The object's form.
    public static readonly PolicyCode UnknownField = Refusal("unknown-field", "Remove the field; open-source Calico does not know it, or this converter does not.");
    public static readonly PolicyCode MalformedField = Refusal("malformed-field", "Correct the field; Calico ignores a policy that it cannot read, so decide first what it should have done.");
    public static readonly PolicyCode DuplicatePolicy = Refusal("duplicate-policy", "Keep one of the two objects.");
    public static readonly PolicyCode TypesUnknown = Refusal("types-unknown", "State spec.types, with Ingress and Egress only.");
    public static readonly PolicyCode TypesDerived = Note("types-derived", "Set spec.types if something else is meant.");
    public static readonly PolicyCode RulesIgnored = Note("rules-ignored", "Nothing; Calico ignores these rules too. Add the direction to spec.types if they should count.");

    // Selectors.
    public static readonly PolicyCode SelectorInvalid = Refusal("selector-invalid", "Correct the selector. Until then Calico treats the whole policy as absent, or ignores this one selector.");
    public static readonly PolicyCode SelectorBlank = Refusal("selector-blank", "Remove the field or write all(); Calico reads a selector of blanks differently from place to place.");
    public static readonly PolicyCode SelectorServiceAccount = Refusal("selector-service-account", "Label the Pods and select by that label.");
    public static readonly PolicyCode SelectorGlobal = Refusal("selector-global", "Use global() only as a rule's namespaceSelector; elsewhere Calico reads it as all().");
    public static readonly PolicyCode SelectorTooWide = Refusal("selector-too-wide", "Split the policy, so that each selector needs fewer alternatives.");
    public static readonly PolicyCode SelectsNothing = Note("selects-nothing", "Nothing; no Pod can ever have such labels. The policy may be deleted.");
    public static readonly PolicyCode NeverMatches = Note("never-matches", "Nothing; the rule has no effect in Calico either.");

    public static readonly PolicyCode LabelValuesFrozen = Snapshot("label-values-frozen", "Convert again when the label gets a new value; or list the values that are meant: key in {…}.");
    public static readonly PolicyCode ServiceAccountsFrozen = Snapshot("service-accounts-frozen", "Convert again when a service account, its labels or what runs as it changes; or label the Pods and select by that label.");

    // Rules.
    public static readonly PolicyCode ActionLog = Note("action-log", "Nothing; the rule decides nothing. Set enableLogging on a rule of the Antrea policy where packets should be logged.");
    public static readonly PolicyCode PassInlined = Note("pass-inlined", "Nothing; but when one of those policies is changed, change or convert this one as well.");
    public static readonly PolicyCode PassTooWide = Refusal("pass-too-wide", "Let the Pass match everything at the end of its policy, or select fewer Pods, so that fewer rules of later tiers are concerned.");
    public static readonly PolicyCode PassInexpressible = Refusal("pass-inexpressible", "State both rules' demands in one way, labels or networks; or let the Pass match everything.");
    public static readonly PolicyCode IPVersion = Refusal("ip-version", Rewrite);
    public static readonly PolicyCode Protocol = Refusal("protocol-unsupported", "Antrea knows TCP, UDP and SCTP; state those, or leave the protocol out.");
    public static readonly PolicyCode NotProtocol = Refusal("not-protocol", Rewrite);
    public static readonly PolicyCode Icmp = Refusal("icmp", Rewrite);
    public static readonly PolicyCode NotIcmp = Refusal("not-icmp", Rewrite);
    public static readonly PolicyCode Http = Refusal("http", "Remove http if nothing but Felix enforces it (Felix ignores it); otherwise write an Antrea layer 7 rule by hand.");
    public static readonly PolicyCode HttpIgnored = new("http-ignored", Severity.Warning, "Nothing, if Felix alone enforces policies; if an Envoy beside the Pods does, write an Antrea layer 7 rule by hand.");
    public static readonly PolicyCode NotSelectorFrozen = Snapshot("not-selector-frozen", "Convert again when a Pod gets such labels; or write the selector with != or not in, if Pods are meant.");
    public static readonly PolicyCode NotSelector = Refusal("not-selector", "Use a positive selector with != or not in, if Pods are meant.");
    public static readonly PolicyCode NamedPort = Refusal("named-port", "Use the port's number.");
    public static readonly PolicyCode NamedPortFrozen = Snapshot("named-port-frozen", "Make sure that each Pod declares the name at most once and not in an init container; or use the number.");
    public static readonly PolicyCode PortsWithoutProtocol = Refusal("ports-without-protocol", "State protocol TCP, UDP or SCTP beside the ports.");
    public static readonly PolicyCode SctpSourcePort = Refusal("sctp-source-port", "Leave the source ports out; Antrea ignores them for SCTP.");
    public static readonly PolicyCode SelectorAndNets = Refusal("selector-and-nets", "Use one of the two; Antrea cannot intersect Pods with networks.");
    public static readonly PolicyCode Services = Refusal("services", "Select the Service's Pods by label and state the target ports.");
    public static readonly PolicyCode ServiceFrozen = Snapshot("service-frozen", "Convert again when the Service's selector, ports or outside addresses change; or select its Pods by label.");
    public static readonly PolicyCode NetworkSetFrozen = Snapshot("network-set-frozen", "Convert again when the set or its labels change; it will be gone with Calico.");
    public static readonly PolicyCode HostEndpointFrozen = Snapshot("host-endpoint-frozen", "Convert again when the endpoint's addresses or labels change; it will be gone with Calico.");
    public static readonly PolicyCode RuleTooWide = Refusal("rule-too-wide", "Split the rule, or name fewer and larger networks.");
    public static readonly PolicyCode SubjectRestricted = Refusal("subject-restricted", "Move the restriction into the policy's own selector.");
    public static readonly PolicyCode NetInvalid = Refusal("net-invalid", "Write ADDRESS/LENGTH with no bits behind the length; Calico skips what it cannot read, which widens the rule.");
    public static readonly PolicyCode NetInPool = Refusal("net-in-pool", "Select the Pods by label: their addresses change with the migration.");
    public static readonly PolicyCode NetCoversPods = Snapshot("net-covers-pods", "Check again when a Node joins whose PodCIDR lies outside the network.");
    public static readonly PolicyCode NetHoldsNodes = new("net-holds-nodes", Severity.Warning, "If processes on Nodes are meant, allow their antrea-gw0 addresses as well, in an Antrea policy of your own.");
    public static readonly PolicyCode AddressesUnknown = Refusal("addresses-unknown", "Add the IPPools and Nodes to the input, so that the network can be compared with Pod addresses.");
    public static readonly PolicyCode MulticastNet = Refusal("multicast-net", "Take the multicast network out, or write an Antrea policy for it by hand.");

    // The policy as a whole.
    public static readonly PolicyCode DoNotTrack = Note("do-not-track", "Nothing for Pods: such a policy has no effect on them, not even an implicit Deny. Nodes need another protection.");
    public static readonly PolicyCode PreDnat = Note("pre-dnat", "Nothing for Pods: such a policy has no effect on them, not even an implicit Deny. Nodes need another protection.");
    public static readonly PolicyCode ApplyOnForward = Note("apply-on-forward", "Nothing for Pods: it is about traffic that Nodes forward for others.");
    public static readonly PolicyCode TierMissing = Refusal("tier-missing", "Create the Tier, or add it to the input, or move the policy to a tier that exists.");
    public static readonly PolicyCode TierByName = new("tier-by-name", Severity.Warning, "Make the object's name and spec.tier agree; Calico 3.32 and later go by spec.tier.");
    public static readonly PolicyCode OrderTie = new("order-tie", Severity.Warning, "Give the policies different orders; Calico versions break this tie differently.");
    public static readonly PolicyCode ObjectTooLarge = Refusal("object-too-large", "Split the policy, so that each part has fewer rules, networks, ports and Pods to write out.");
    public static readonly PolicyCode HostEndpointInReach = Refusal("host-endpoint-in-reach", "Protect the Node otherwise before Calico goes (a host firewall; Antrea Node policies where their gate is on), then narrow the selector so that it misses the host endpoint: namespaceSelector: all() selects Pods only.");
    public static readonly PolicyCode KubernetesPolicyCompiled = Snapshot("kubernetes-policy-compiled", "Convert again when the Kubernetes policy changes; or move what it says into Antrea policies, and delete it.");
    public static readonly PolicyCode KubernetesPolicyApart = Snapshot("kubernetes-policy-apart", "Check again when the Namespace's labels change.");

    // Kubernetes NetworkPolicies.
    public static readonly PolicyCode KubernetesPolicyTypes = Snapshot("kubernetes-policy-types", "Remove the rules of the direction that policyTypes leaves out; Antrea obeys them, Calico does not.");
    public static readonly PolicyCode KubernetesPolicyNamedPort = new("kubernetes-policy-named-port", Severity.Warning, "Make sure that each Pod declares the name once and not in an init container; or use the number.");

    // The cluster.
    public static readonly PolicyCode TierLimit = Refusal("tier-limit", "Delete a tier: Antrea takes 14 besides its own.");
    public static readonly PolicyCode TiersPacked = Note("tiers-packed", "Nothing; the order is kept. Merge tiers if each should have its own in Antrea: it takes 14 besides its own.");
    public static readonly PolicyCode TierName = Refusal("tier-name", "Delete or rename that Tier: its name is needed.");
    public static readonly PolicyCode TierPriority = Refusal("tier-priority", "Delete the tiers and policies of the earlier conversion, then convert again: a tier's priority cannot be changed.");
    public static readonly PolicyCode NetworkSetUnused = Note("network-set-unused", "Nothing; no policy selects it.");
    public static readonly PolicyCode NetSkipped = new("net-skipped", Severity.Warning, "Correct the entries; Calico skips them, and so does what is made from the object.");
    public static readonly PolicyCode HostEndpointOpen = Note("host-endpoint-open", "Nothing; its policies and its profile let everything through, as the Node will do without it.");
    public static readonly PolicyCode HostEndpoint = Refusal("host-endpoint", "Protect the Node otherwise and delete the HostEndpoint first: Antrea policies do not replace it.");
    public static readonly PolicyCode StagedPolicy = Note("staged-policy", "Nothing; a staged policy is never enforced. It will be gone with Calico.");
    public static readonly PolicyCode AdminPolicy = Refusal("admin-policy", "Convert it by hand and take it out of the input.");
    public static readonly PolicyCode UnknownKind = Refusal("unknown-kind", "Take it out of the input if it decides about no traffic; open-source Calico does not know it.");
    public static readonly PolicyCode AntreaPolicyPresent = Refusal("antrea-policy-present", "Delete it first: its effect beside the converted policies is not proven.");
    public static readonly PolicyCode DatastoreLocked = Refusal("datastore-locked", "Finish or undo the Calico upgrade that locked the datastore.");
    public static readonly PolicyCode DatastoreMigration = Refusal("datastore-migration", "Finish Calico's datastore migration first.");
    public static readonly PolicyCode DatastoreEtcd = Refusal("datastore-etcd", "Move Calico's data to the Kubernetes datastore first (calicoctl datastore migrate): what lies in an etcd of its own is not read, and some of it means something else there.");
    public static readonly PolicyCode Variant = Refusal("calico-variant", "Only open-source Calico is known here.");
    public static readonly PolicyCode CalicoVersion = Refusal("calico-version", "State the version that runs (3.26 or later), or add ClusterInformation to the input.");
    public static readonly PolicyCode AntreaVersion = Refusal("antrea-version", "Use Antrea 1.14 or later.");
    public static readonly PolicyCode EndedPods = new("ended-pods", Severity.Warning, "Use Antrea 2.1 or later: before, ended Pods still count as peers.");
    public static readonly PolicyCode WindowsNode = Refusal("windows-node", "Calico enforces differently on Windows; convert by hand.");
    public static readonly PolicyCode EndpointToHost = Refusal("endpoint-to-host", "Set defaultEndpointToHostAction to Accept, or write Antrea rules for traffic from Pods to their own Node.");
    public static readonly PolicyCode EndpointToHostUnknown = new("endpoint-to-host-unknown", Severity.Warning, "Make sure that calico-node runs with FELIX_DEFAULTENDPOINTTOHOSTACTION=ACCEPT, as Calico's manifest and operator have it.");
    public static readonly PolicyCode FelixOverride = Refusal("felix-override", "Remove the override: one Node enforces differently from the rest.");
    public static readonly PolicyCode NamespaceNameLabel = Refusal("namespace-name-label", "Use Kubernetes 1.21 or later, which labels each Namespace with its name.");

    /// <summary>Whether a policy with such a finding is converted for the objects that exist now; the message says what breaks it.</summary>
    public bool IsSnapshot { get; private init; }

    /// <summary>Every code, in the order of this file.</summary>
    public static IEnumerable<PolicyCode> All { get; } =
        typeof(PolicyCode).GetFields().Where(f => f.FieldType == typeof(PolicyCode)).Select(f => (PolicyCode)f.GetValue(null)!);

    private static readonly FrozenSet<string> Snapshots = All.Where(c => c.IsSnapshot).Select(c => c.Id).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What a finding makes of the policy, or of the rule, that it is about.</summary>
    public static Fidelity FidelityOf(PolicyFinding finding) =>
        finding.Severity == Severity.Blocker ? Fidelity.Refused
        : Snapshots.Contains(finding.Code) ? Fidelity.Snapshot
        : Fidelity.Exact;

    /// <summary>A finding of this kind.</summary>
    public PolicyFinding At(string path, string message) => new(Id, Severity, path, message, Remedy);

    /// <summary>A finding of this kind about the cluster, or about an object that is no policy.</summary>
    public Finding On(string subject, string evidence) => new(Id, Severity, subject, evidence, Remedy);

    private static PolicyCode Refusal(string id, string remedy) => new(id, Severity.Blocker, remedy);

    private static PolicyCode Snapshot(string id, string remedy) => new(id, Severity.Info, remedy) { IsSnapshot = true };

    private static PolicyCode Note(string id, string remedy) => new(id, Severity.Info, remedy);
}
