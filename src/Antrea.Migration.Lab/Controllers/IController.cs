using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>An object that something has to be done about.</summary>
internal readonly record struct WorkKey(ResourceType Type, string Namespace, string Name)
{
    /// <summary>The object of an event.</summary>
    public static WorkKey Of(StoreEvent happened) =>
        new(happened.Resource, happened.Object.NamespaceOf(), happened.Object.NameOf());

    public override string ToString() => Namespace.Length == 0 ? $"{Type.Kind}/{Name}" : $"{Type.Kind}/{Namespace}/{Name}";
}

/// <summary>Brings some of the cluster's objects from what they are to what they should be.</summary>
/// <remarks>Both members are called by one thread, and see the store as it is now, not as it was at the event.</remarks>
internal interface IController
{
    /// <summary>Which objects have to be looked at again because of a change.</summary>
    IEnumerable<WorkKey> KeysFor(StoreEvent happened);

    /// <summary>Looks at one object, which may be gone by now, and does what is missing. Doing it twice does no harm.</summary>
    /// <returns>When to look again although nothing changes; null for never.</returns>
    TimeSpan? Reconcile(WorkKey key);
}
