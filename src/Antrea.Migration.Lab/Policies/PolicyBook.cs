using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Lab.Policies;

/// <summary>One engine's policies of a lab cluster, compiled anew after something they depend on has changed.</summary>
/// <remarks>
/// <para>Changes are only counted as they happen. <see cref="Refresh"/> compiles once for all of them, off the packets' way;
/// a packet that comes in between waits for that, so a connection is judged by everything written before it began.</para>
/// <para>A policy that the evaluator cannot model takes no part, and is told as a failure of the lab that names it.</para>
/// <para>Policies see packets behind a Service's DNAT; a rule that names a Service means its endpoints.</para>
/// <para>Nothing is compiled while no agent runs. Safe for use by several threads.</para>
/// </remarks>
internal abstract class PolicyBook : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ObjectStore _store;
    private readonly Action<Exception> _fail;
    private readonly Action _wake;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly IDisposable _subscription;
    private readonly ConcurrentDictionary<string, PolicyEnforcer> _enforcers = new(StringComparer.Ordinal);
    private volatile PolicyTable _table = PolicyTable.Empty;
    private PolicyTable _announced = PolicyTable.Empty;
    private long _changes = 1;
    private volatile bool _hasPolicies;

    /// <param name="store">The cluster's objects.</param>
    /// <param name="fail">Takes what cannot be enforced, each once.</param>
    /// <param name="wake">Asks for a <see cref="Refresh"/> soon; changes of objects do so by themselves.</param>
    protected PolicyBook(ObjectStore store, Action<Exception> fail, Action wake)
    {
        _store = store;
        _fail = fail;
        _wake = wake;
        _subscription = store.Subscribe(OnEvent, store.Version);
        _hasPolicies = HasPolicies();
    }

    /// <summary>What is in force has changed. Raised by <see cref="Refresh"/>.</summary>
    public event Action? Changed;

    /// <summary>Whether somebody lays what is in force somewhere, and wants to know of every Pod though there are no policies.</summary>
    public bool CompilesAhead { get; set; }

    /// <summary>What was compiled last.</summary>
    public PolicyTable Latest => _table;

    /// <summary>What is to be enforced now; compiled here and now when it is out of date.</summary>
    public PolicyTable Current
    {
        get
        {
            if (_table is { } table && table.Stamp == Interlocked.Read(ref _changes))
            {
                return table;
            }

            lock (_gate)
            {
                // Counted first, read then: what is written meanwhile is read twice rather than never.
                var stamp = Interlocked.Read(ref _changes);
                return _table.Stamp == stamp ? _table : _table = Compile(stamp, Inputs());
            }
        }
    }

    /// <summary>What is to be enforced now, compiled when somebody asks: in a large cluster agents end by the thousand, and few are asked afterwards.</summary>
    public Lazy<PolicyTable> Capture()
    {
        var stamp = Interlocked.Read(ref _changes);
        if (_table is { } table && table.Stamp == stamp)
        {
            return new Lazy<PolicyTable>(table);
        }

        var inputs = Inputs();
        return new Lazy<PolicyTable>(() => Compile(stamp, inputs));
    }

    /// <summary>Puts a Node's enforcer to work; it takes the place of one that was left there.</summary>
    public void Attach(string node, PolicyEnforcer enforcer)
    {
        _enforcers[node] = enforcer;
        Interlocked.Increment(ref _changes);
        _wake();
    }

    /// <summary>Whether a policy, as it is now, is enforced on a Node: by its agent, or by what that left.</summary>
    public bool IsEnforced(string node, JsonObject policy) =>
        _enforcers.TryGetValue(node, out var enforcer) && (enforcer.Frozen ?? _table).Includes(policy);

    /// <summary>Compiles when something has changed, and says so.</summary>
    /// <remarks>Not where there are no policies, unless <see cref="CompilesAhead"/>: a packet that needs to know whether its Pod is known compiles for itself. In a
    /// large cluster that would otherwise be done at every Pod's every step.</remarks>
    public void Refresh()
    {
        if (!_hasPolicies && !CompilesAhead && _announced.InForce.IsEmpty && _announced.Refused.IsEmpty)
        {
            return;
        }

        if (_enforcers.Values.All(e => e.IsFrozen))
        {
            return;
        }

        var current = Current;
        if (!ReferenceEquals(Interlocked.Exchange(ref _announced, current), current))
        {
            Changed?.Invoke();
        }
    }

    /// <summary>Tells of something that cannot be enforced, the first time.</summary>
    public void Fail(string message)
    {
        lock (_gate)
        {
            if (!_told.Add(message))
            {
                return;
            }
        }

        _fail(new NotSupportedException(message));
    }

    public void Dispose() => _subscription.Dispose();

    /// <summary>Whether objects of a kind are policies, or decide what policies mean; Pods and Namespaces always do.</summary>
    protected abstract PolicyInput Classify(string group, string kind);

    /// <summary>Makes the evaluator.</summary>
    /// <exception cref="NotSupportedException">Something is not modelled.</exception>
    /// <exception cref="FormatException">Something is malformed or not modelled.</exception>
    protected abstract IPolicyEvaluator Evaluator(ClusterSnapshot snapshot);

    /// <summary>The same as a packet filter's rules.</summary>
    protected abstract PacketFilter Filter(ClusterSnapshot snapshot);

    /// <summary>What else the engine would enforce and the lab does not, one message each.</summary>
    protected virtual IEnumerable<string> Unenforced(ClusterSnapshot snapshot) => [];

    /// <summary>Whether the engine answers everything it denies.</summary>
    protected virtual bool AnswersDenials(ClusterSnapshot snapshot) => false;

    /// <summary>Whether selectors can pick a Pod: it has an address, and one of its own.</summary>
    private static bool IsEndpoint(JsonObject? pod) =>
        pod is not null && !pod.Flag("spec", "hostNetwork")
        && (pod.Text("status", "podIP") is not null || pod.Items("status", "podIPs").Any());

    private static bool IsSameToPolicies(StoreEvent change)
    {
        var (now, old) = (change.Object, change.Previous);
        if (change.Resource == ResourceType.Pod && !IsEndpoint(now) && !IsEndpoint(old))
        {
            return true;
        }

        if (change.Type != StoreEventType.Modified || old is null || !IsSame("metadata", "labels"))
        {
            return false;
        }

        if (change.Resource == ResourceType.EndpointSlice)
        {
            return JsonNode.DeepEquals(now["endpoints"], old["endpoints"]) && JsonNode.DeepEquals(now["ports"], old["ports"]);
        }

        return change.Resource == ResourceType.Namespace
            || change.Resource == ResourceType.ServiceAccount
            || (change.Resource == ResourceType.Pod
                ? IsSame("status", "phase") && IsSame("status", "podIP") && IsSame("status", "podIPs")
                : IsSame("metadata", "generation") && IsSame("metadata", "annotations"));

        bool IsSame(string part, string field) => JsonNode.DeepEquals(now[part]?[field], old[part]?[field]);
    }

    private PolicyInput ClassOf(ResourceType type) =>
        type == ResourceType.Pod || type == ResourceType.Namespace ? PolicyInput.Context : Classify(type.Group, type.Kind);

    private bool HasPolicies() => _store.Types().Exists(t => ClassOf(t) == PolicyInput.Policy);

    private void OnEvent(StoreEvent change)
    {
        if (ClassOf(change.Resource) == PolicyInput.Policy && change.Type != StoreEventType.Modified)
        {
            _hasPolicies = HasPolicies();
        }

        if (ClassOf(change.Resource) != PolicyInput.None && !IsSameToPolicies(change))
        {
            Interlocked.Increment(ref _changes);
        }
    }

    private List<(PolicyInput Class, JsonObject Json)> Inputs() =>
    [
        .. _store.Types()
            .Select(t => (Class: ClassOf(t), Type: t)).Where(t => t.Class != PolicyInput.None)
            .SelectMany(t => _store.PeekAll(t.Type).Where(o => t.Type != ResourceType.Pod || IsEndpoint(o)), (t, o) => (t.Class, Json: o)),
    ];

    private PolicyTable Compile(long stamp, List<(PolicyInput Class, JsonObject Json)> objects)
    {
        var inputs = objects.ConvertAll(o => (o.Class, Object: new ClusterObject(o.Json, "cluster")));
        var snapshot = ClusterSnapshotBuilder.BuildLenient(inputs.Select(i => i.Object), []);
        foreach (var message in Unenforced(snapshot))
        {
            Fail(message);
        }

        var policies = inputs.Where(i => i.Class == PolicyInput.Policy).Select(i => i.Object).ToList();
        var evaluated = snapshot;
        var evaluator = TryEvaluator(evaluated, out var error);
        var refused = ImmutableDictionary<string, string>.Empty;
        if (evaluator is null && policies.Count > 0)
        {
            // One that cannot be modelled must not disarm the others.
            var context = inputs.Where(i => i.Class == PolicyInput.Context).Select(i => i.Object).ToList();
            refused = policies.Select(p => (p, Error: TryEvaluator(With([.. context, p]), out var own) is null ? own : null))
                .Where(p => p.Error is not null).ToImmutableDictionary(p => p.p.Json.UidOf(), p => p.Error!);
            var others = policies.Where(p => !refused.ContainsKey(p.Json.UidOf())).ToList();
            evaluated = With([.. context, .. others]);
            evaluator = TryEvaluator(evaluated, out error);
            foreach (var message in refused.Values.Append(evaluator is null ? error : null).OfType<string>())
            {
                Fail($"Not enforced: {message}");
            }
        }
        else if (error is not null)
        {
            Fail($"Nothing is enforced: {error}");
        }

        return new PolicyTable
        {
            Stamp = stamp,
            World = PolicyWorld.From(snapshot),
            Evaluator = evaluator,
            Filter = evaluator is null ? null : new(() => Filter(evaluated)),
            AnswersDenials = AnswersDenials(snapshot),
            InForce = evaluator is null
                ? ImmutableDictionary<string, long>.Empty
                : policies.Where(p => !refused.ContainsKey(p.Json.UidOf()))
                    .ToImmutableDictionary(p => p.Json.UidOf(), p => p.Json.Number("metadata", "generation") ?? 1),
            Refused = refused,
        };

        ClusterSnapshot With(ImmutableArray<ClusterObject> some) => snapshot with { Objects = some };
    }

    private IPolicyEvaluator? TryEvaluator(ClusterSnapshot snapshot, out string? error)
    {
        error = null;
        try
        {
            return Evaluator(snapshot);
        }
        catch (Exception e) when (e is NotSupportedException or FormatException)
        {
            error = e.Message;
            return null;
        }
    }
}

/// <summary>What a kind of object is to an engine's policies.</summary>
internal enum PolicyInput
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It decides what policies mean.</summary>
    Context,

    /// <summary>A policy.</summary>
    Policy,
}
